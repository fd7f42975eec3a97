/**
 * The allowed differences between the templates of the languages, with the reason for each.
 *
 * A listed difference that no template has is an error, so the list stays up to date.
 */
import type { Language } from '../../tools/toolchains';

export type Template = Record<string, unknown>;

export interface Difference {
  readonly what: string;
  readonly why: string;
  /** The languages whose templates differ from TypeScript's in this way. */
  readonly languages: Language[];
  /** Removes the difference from a template before the comparison. */
  readonly remove: (template: Template) => void;
}

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
}

export const DIFFERENCES: Difference[] = [
  {
    what: 'Properties.Analytics of the resource AWS::CDK::Metadata',
    why: 'the value contains the jsii runtime of the app\'s language',
    languages: ['python', 'java', 'go'],
    remove: (template) => {
      for (const resource of Object.values(template.Resources as Record<string, Resource>)) {
        if (resource.Type === 'AWS::CDK::Metadata') {
          delete resource.Properties.Analytics;
        }
      }
    },
  },
];

/** Text that other languages add to an error message of TypeScript. */
export const MESSAGE_ADDITIONS = {
  before: {
    text: 'Error: ',
    cases: ['rule', 'imported'],
    why: 'the jsii kernel adds it to errors of methods, but not to errors of constructors',
  },
  after: {
    language: 'java',
    pattern: /^(\n@jsii\/kernel\.RuntimeError: Error|\nError): /,
    why: 'the jsii runtime for Java appends the JavaScript error and its stack trace to the message',
  },
};

/** Errors that a language reports itself, before it calls the library. */
export const LANGUAGE_ERRORS: Record<Language, Record<string, RegExp>> = {
  python: {
    missing: /^EcsRunner\.__init__\(\) missing 1 required keyword-only argument: 'orchestrator'$/,
    type: /^type of argument runner_id must be one of \(str, NoneType\); got int instead$/,
  },
  java: { missing: /^orchestrator is required$/ },
  go: { missing: /^Field humanitececsrunner\.Orchestrator\.Orchestrator is required, but has nil value$/ },
};
