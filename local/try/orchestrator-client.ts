/** HTTP client for the orchestrator's API. */
import { assertLoopback } from '../emulator';
import type { Runner } from '../orchestrator/model';

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

export interface Failure {
  readonly error: string;
  readonly message: string;
}

interface Page {
  readonly items: { readonly id: string }[];
}

export class OrchestratorClient {
  constructor(private readonly url: string, private readonly orgId: string, private readonly token: string | undefined) {
    assertLoopback(url);
  }

  public async runner(id: string): Promise<Answer<Runner>> {
    return this.call<Runner>('GET', `/runners/${id}`);
  }

  public async runnerIds(): Promise<string[]> {
    const { body } = await this.call<Page>('GET', '/runners?per_page=100');
    return body.items.map((item) => item.id);
  }

  public async create<Body>(path: string, body: object): Promise<Body> {
    const answer = await this.call<Body>('POST', path, body);
    if (answer.status !== 201) throw new Error(`POST ${path} failed with HTTP ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  public async remove(path: string): Promise<number> {
    return (await this.call<unknown>('DELETE', path)).status;
  }

  public async call<Body>(method: string, path: string, body?: object): Promise<Answer<Body>> {
    const response = await fetch(`${this.url}/orgs/${this.orgId}${path}`, {
      method,
      headers: {
        ...this.token !== undefined && { authorization: `Bearer ${this.token}` },
        ...body !== undefined && { 'content-type': 'application/json' },
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as Body };
  }
}
