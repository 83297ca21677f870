import { OperatorError } from '../common/report';

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** HTTP client of the API, for the demo. */
export class ApiClient {
  constructor(
    private readonly url: string,
    private readonly token?: string,
  ) {}

  as(token: string): ApiClient {
    return new ApiClient(this.url, token);
  }

  get<T>(path: string): Promise<T> {
    return this.ok<T>('GET', path);
  }

  post<T>(path: string, body?: object | string): Promise<T> {
    return this.ok<T>('POST', path, body);
  }

  /** All items of a list, page by page. */
  async all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Page<T> = await this.get<Page<T>>(`${path}?limit=100${after}`);
      items.push(...page.items);
      cursor = page.nextCursor;
    }
    return items;
  }

  /** Status of the answer, whatever it is. */
  async statusOf(method: string, path: string, body?: object): Promise<number> {
    return (await this.send(method, path, body)).status;
  }

  private async ok<T>(method: string, path: string, body?: object | string): Promise<T> {
    const response = await this.send(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new OperatorError(`${method} ${path} returned ${response.status}: ${text}`);
    return JSON.parse(text) as T;
  }

  /** Sends an object as JSON and a text as CSV. */
  private async send(method: string, path: string, body?: object | string): Promise<Response> {
    const type = typeof body === 'string' ? 'text/csv' : 'application/json';
    const url = `${this.url}/api/v1/${path}`;
    try {
      return await fetch(url, {
        method,
        headers: {
          ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
          ...(body === undefined ? {} : { 'content-type': type }),
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    } catch (error) {
      throw new OperatorError(`No server answers at ${this.url}: ${String((error as Error).cause ?? error)}`);
    }
  }
}
