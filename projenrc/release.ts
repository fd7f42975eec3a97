import { awscdk, github, JsonPatch, TestFailureBehavior } from 'projen';

/** Signs what it is given: where and from which commit it was made. v4.2.0, by its commit, as projen names the actions of others. */
const ATTEST = 'actions/attest@f7c74d28b9d84cb8768d0b8ca14a4bac6ef463e6';
/** Where `npm run package` leaves the SBOM. */
const SBOM = 'sbom.cdx.json';

/** What each job publishes, made anew there and so signed there. Go's is a commit with a tag, which git itself names by its content. */
const SUBJECTS: Record<string, string> = {
  release_npm: 'dist/js/*.tgz',
  release_pypi: 'dist/python/*',
  release_maven: 'dist/java/**/*.jar',
};

/** Adds to projen's release what says where the packages come from: a build provenance for each, and the SBOM, attested and beside the release. */
export function secureRelease(project: awscdk.AwsCdkConstructLibrary): void {
  const workflow = project.github?.tryFindWorkflow('release')?.file;
  if (!workflow) {
    throw new Error('projen makes no release workflow any more: look what became of it, and change projenrc/release.ts.');
  }
  /** Puts steps before the one that publishes, the last of each job; a workflow that looks otherwise fails the synthesis. */
  const beforePublishing = (job: string, index: number, steps: github.workflows.JobStep[]) => workflow.patch(
    JsonPatch.test(`/jobs/${job}/steps/${index}/id`, 'release', TestFailureBehavior.FAIL_SYNTHESIS),
    ...steps.map((step, i) => JsonPatch.add(`/jobs/${job}/steps/${index + i}`, step)),
  );

  // The stock workflow writes the address of the npm registry, which publib knows itself.
  workflow.patch(
    JsonPatch.test('/jobs/release_npm/steps/9/id', 'release', TestFailureBehavior.FAIL_SYNTHESIS),
    JsonPatch.remove('/jobs/release_npm/steps/9/env/NPM_REGISTRY'),
  );
  for (const [job, subjects] of Object.entries(SUBJECTS)) {
    const attest = { if: '${{ !inputs.dry_run }}', uses: ATTEST };
    beforePublishing(job, job === 'release_npm' ? 9 : 10, [
      { name: 'Attest the build provenance', ...attest, with: { 'subject-path': subjects } },
      ...job === 'release_npm' ? [{ name: 'Attest the SBOM', ...attest, with: { 'subject-path': subjects, 'sbom-path': `dist.old/${SBOM}` } }] : [],
    ]);
    workflow.addOverride(`jobs.${job}.permissions`, { 'id-token': 'write', 'attestations': 'write', 'artifact-metadata': 'write' });
  }
  project.release?.publisher.addGitHubPostPublishingSteps({
    name: 'Attach the SBOM',
    if: '${{ !inputs.dry_run }}',
    env: { GITHUB_TOKEN: '${{ secrets.GITHUB_TOKEN }}' },
    run: `gh release upload "$(cat dist/releasetag.txt)" -R "$GITHUB_REPOSITORY" --clobber dist/${SBOM}`,
  });
}
