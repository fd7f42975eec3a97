/** Runs cfn-lint and checkov, which read templates, in their own virtual environment. */
import { execFile } from 'child_process';
import { readFileSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import { promisify } from 'util';
import type { Found } from './apps';
import { withoutAws } from '../../local/emulator/environment';
import { ensureVirtualEnvironment } from '../../local/venv';

const run = promisify(execFile);
const MAX_OUTPUT = 256 * 1024 * 1024;
/** An address at which no server listens. */
const NOWHERE = 'http://127.0.0.1:9';

/** The findings of a tool in a template. */
export interface Findings {
  readonly found: Found[];
  /** Accepted findings in the template that the tool does not report. */
  readonly unused: Found[];
}

interface Template {
  readonly Resources: Record<string, { readonly Metadata?: Record<string, any> }>;
}

/** Runs each tool once for all templates, because each start takes seconds. Returns the findings by template path. */
export class TemplateTools {
  public static async install(): Promise<TemplateTools> {
    const python = await ensureVirtualEnvironment({
      directory: join(__dirname, '..', '..', '.local', 'static-analysis'),
      requirements: join(__dirname, 'requirements.txt'),
      name: 'cfn-lint and checkov',
      installMessage: 'Installing cfn-lint and checkov into .local/static-analysis (once; about 400 MB, and a minute)',
    }, console.log);
    return new TemplateTools(python);
  }

  private constructor(private readonly python: string) {}

  public async cfnLint(files: string[]): Promise<Map<string, Findings>> {
    // cfn-lint does not report ignored rules, so it also checks copies of the templates without the ignore lists.
    const bare = new Map(files.map(file => [file, withoutAcknowledgements(file)]));
    const output = await this.ask('cfn-lint', ['--format', 'json', '--', ...files, ...bare.values()]);
    const all: { Filename: string; Message: string; Location: { Path: (string | number)[] | null }; Rule: { Id: string } }[] = JSON.parse(output);
    const of = (file: string, template: Template) => all.filter(({ Filename }) => Filename === file).map(({ Message, Location, Rule }) => {
      const id = Location.Path?.[0] === 'Resources' ? String(Location.Path[1]) : undefined;
      return { rule: Rule.Id, path: pathOf(template, id), text: Message };
    });
    return new Map(files.map((file) => {
      const template = read(file);
      const needed = new Set(of(bare.get(file)!, template).map(keyOf));
      const declared = acknowledged(template, metadata => metadata['cfn-lint']?.config?.ignore_checks ?? []);
      return [file, { found: of(file, template), unused: declared.filter(entry => !needed.has(keyOf(entry))) }];
    }));
  }

  public async checkov(files: string[]): Promise<Map<string, Findings>> {
    const output = await this.ask('checkov', [
      '--framework', 'cloudformation', '--skip-download', '--soft-fail', '--output', 'json', ...files.flatMap(file => ['--file', file]),
    ]);
    const { results } = JSON.parse(output) as { results: Record<'failed_checks' | 'skipped_checks', Check[]> & { parsing_errors: string[] } };
    if (results.parsing_errors.length > 0) {
      throw new Error(`checkov could not read ${results.parsing_errors.join(', ')}: run checkov on it to see why.`);
    }
    return new Map(files.map((file) => {
      const template = read(file);
      const of = (checks: Check[]) => checks.filter(check => check.file_abs_path === file).map(({ check_id, check_name, resource }) => ({
        rule: check_id, path: pathOf(template, resource.split('.')[1]), text: check_name,
      }));
      const needed = new Set(of(results.skipped_checks).map(keyOf));
      const declared = acknowledged(template, metadata => metadata.checkov?.skip?.map(({ id }: { id: string }) => id) ?? []);
      return [file, { found: of(results.failed_checks), unused: declared.filter(entry => !needed.has(keyOf(entry))) }];
    }));
  }

  private async ask(tool: 'cfn-lint' | 'checkov', args: string[]): Promise<string> {
    const env = {
      ...withoutAws(),
      // The tools need no network. With this proxy, their requests fail immediately.
      HTTPS_PROXY: NOWHERE,
      HTTP_PROXY: NOWHERE,
      ALL_PROXY: NOWHERE,
    };
    try {
      return (await run(this.python, [join(dirname(this.python), tool), ...args], { env, maxBuffer: MAX_OUTPUT })).stdout;
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      // With findings, cfn-lint exits with an error and prints them.
      if (stdout?.trim().startsWith('[')) {
        return stdout;
      }
      throw new Error(`${tool} failed. Its output:\n${(stderr ?? String(error)).trim().slice(-2000)}`);
    }
  }
}

interface Check {
  readonly check_id: string;
  readonly check_name: string;
  readonly resource: string;
  readonly file_abs_path: string;
}

const keyOf = ({ path, rule }: Found) => `${path} ${rule}`;
const read = (file: string): Template => JSON.parse(readFileSync(file, 'utf8'));
const pathOf = (template: Template, id = 'the template') => template.Resources[id]?.Metadata?.['aws:cdk:path'] ?? id;

function acknowledged(template: Template, ids: (metadata: Record<string, any>) => string[]): Found[] {
  return Object.entries(template.Resources).flatMap(([id, { Metadata = {} }]) =>
    ids(Metadata).map(rule => ({ rule, path: pathOf(template, id), text: 'accepted, but not found' })));
}

function withoutAcknowledgements(file: string): string {
  const template = read(file);
  Object.values(template.Resources).forEach(({ Metadata }) => delete Metadata?.['cfn-lint']);
  const bare = file.replace(/\.template\.json$/, '.bare.json');
  writeFileSync(bare, JSON.stringify(template, null, 1));
  return bare;
}
