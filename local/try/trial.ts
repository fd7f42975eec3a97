/** The state that the steps of the trial share. */
import { deploy, isRelevant, STACK, TRIAL_APP } from './cdk';
import { startCloud, type Cloud } from './cloud';
import type { Output } from './output';
import type { Report } from './report';
import type { Runner } from '../orchestrator/model';

/** The outputs of the app. */
export interface Outputs {
  readonly RunnerId: string;
  readonly ClusterName: string;
  readonly ClusterArn: string;
  readonly StateBucketName: string;
  readonly TaskManagerRoleArn: string;
  readonly ExecutionRoleArn: string;
  readonly TaskRoleArn: string;
  readonly EventLogGroupName: string;
}

export class Trial {
  public static async start(output: Output, report: Report, signal: AbortSignal): Promise<Trial> {
    const printed: string[] = [];
    const cloud = await startCloud({
      log: (line) => output.print(line),
      signal,
      onCdkLine: (line) => {
        printed.push(line);
        if (isRelevant(line)) output.quote(line);
      },
    });
    return new Trial(cloud, output, report, printed);
  }

  /** Uses a running cloud. */
  public static withCloud(cloud: Cloud, output: Output, report: Report): Trial {
    return new Trial(cloud, output, report, []);
  }

  private constructor(
    public readonly cloud: Cloud,
    public readonly output: Output,
    public readonly report: Report,
    /** All lines of the CDK's output. */
    public readonly printed: readonly string[],
  ) {}

  /** Deploys the app of the trial. Returns the outputs of the stack. */
  public async deployApp(settings: NodeJS.ProcessEnv): Promise<Outputs> {
    const { code, outputs, output } = await deploy({ ...this.cloud.cdkOptions(settings), app: TRIAL_APP });
    if (code !== 0) throw new Error(`cdk deploy failed with exit code ${code}. The end of its output:\n${output.split('\n').slice(-12).join('\n')}`);
    return outputs as unknown as Outputs;
  }

  /** The runner as returned by the orchestrator's API. */
  public async registered(runnerId: string): Promise<Runner> {
    const { status, body } = await this.cloud.client.runner(runnerId);
    if (status !== 200) throw new Error(`Could not read the runner '${runnerId}': the orchestrator returned HTTP ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  public async stackStatus(): Promise<string> {
    return this.cloud.account.stackStatus(STACK);
  }
}
