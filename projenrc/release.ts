import { awscdk, github, JsonPatch, TestFailureBehavior } from 'projen';

/** The action that signs build provenance: v4.2.0, pinned to a commit as projen pins other actions. */
const ATTEST = 'actions/attest@f7c74d28b9d84cb8768d0b8ca14a4bac6ef463e6';
/** The path of the SBOM that `npm run package` writes. */
const SBOM = 'sbom.cdx.json';

/** The artifacts of each publishing job. Each job builds its artifacts, so it signs them too. Go has none: it is published as a git tag. */
const SUBJECTS: Record<string, string> = {
  release_npm: 'dist/js/*.tgz',
  release_pypi: 'dist/python/*',
  release_maven: 'dist/java/**/*.jar',
};

/** Adds to projen's release workflow: build provenance for each package, and an attested SBOM that is attached to the release. */
export function secureRelease(project: awscdk.AwsCdkConstructLibrary): void {
  const workflow = project.github?.tryFindWorkflow('release')?.file;
  if (!workflow) {
    throw new Error('projen no longer generates a release workflow. Update projenrc/release.ts.');
  }
  /** Inserts steps before the publishing step, which is the last step of each job. Throws an error if the workflow has another structure. */
  const beforePublishing = (job: string, index: number, steps: github.workflows.JobStep[]) => workflow.patch(
    JsonPatch.test(`/jobs/${job}/steps/${index}/id`, 'release', TestFailureBehavior.FAIL_SYNTHESIS),
    ...steps.map((step, i) => JsonPatch.add(`/jobs/${job}/steps/${index + i}`, step)),
  );

  // projen's workflow sets the URL of the npm registry, which is publib's default anyway.
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
