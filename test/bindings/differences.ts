/**
 * All that may differ between the templates of the languages: what it is, why it cannot be equal, and how it is taken out before
 * templates are compared. A difference that none of the templates has any more is an error too, so that the list stays true.
 */
import type { Language } from '../../tools/toolchains';

export type Template = Record<string, unknown>;

export interface Difference {
  readonly what: string;
  readonly why: string;
  /** The languages that have it; TypeScript's template is what they are compared with. */
  readonly languages: Language[];
  /** Takes out of a template what may differ. */
  readonly remove: (template: Template) => void;
}

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
}

export const DIFFERENCES: Difference[] = [
  {
    what: 'Properties.Analytics of the resource AWS::CDK::Metadata',
    why: 'the CDK reports there which runtime of jsii the app was written for, packed together with the constructs that it has',
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

/** All that may stand around the message of an error that TypeScript gives. */
export const AROUND_MESSAGES = {
  before: {
    text: 'Error: ',
    cases: ['rule', 'imported'],
    why: 'the kernel of jsii puts it before what a method throws; what a constructor throws comes as it is',
  },
  after: {
    language: 'java',
    pattern: /^(\n@jsii\/kernel\.RuntimeError: Error|\nError): /,
    why: 'the runtime of jsii for Java appends the error of JavaScript with its stack to the message of its exception',
  },
};

/** What a language itself says of a mistake before the library is asked, in its own words. */
export const OWN_WORDS: Record<Language, Record<string, RegExp>> = {
  python: {
    missing: /^EcsRunner\.__init__\(\) missing 1 required keyword-only argument: 'orchestrator'$/,
    type: /^type of argument runner_id must be one of \(str, NoneType\); got int instead$/,
  },
  java: { missing: /^orchestrator is required$/ },
  go: { missing: /^Field humanitececsrunner\.Orchestrator\.Orchestrator is required, but has nil value$/ },
};
