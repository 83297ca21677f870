/** An answer of the API; `body` is whatever JSON it sent. */
export interface Answer {
  status: number;
  // Tests read fields of many shapes and assert what they find.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
  headers: Headers;
}

/** A client of the running API, with or without a token. */
export class Api {
  constructor(
    private readonly url: string,
    readonly token?: string,
  ) {}

  /** The API with another access token, or without one. */
  as(token?: string): Api {
    return new Api(this.url, token);
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }
  post(path: string, body?: unknown): Promise<Answer> {
    return this.send('POST', path, body);
  }
  patch(path: string, body: unknown): Promise<Answer> {
    return this.send('PATCH', path, body);
  }
  delete(path: string): Promise<Answer> {
    return this.send('DELETE', path);
  }

  private send(method: string, path: string, body?: unknown): Promise<Answer> {
    if (body === undefined) return this.raw(method, path);
    return this.raw(method, path, JSON.stringify(body), { 'content-type': 'application/json' });
  }

  /** Sends a body as it is. Paths without `/` in front are below /api/v1. */
  async raw(
    method: string,
    path: string,
    body?: RequestInit['body'],
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(path.startsWith('/') ? this.url + path : `${this.url}/api/v1/${path}`, {
      method,
      headers: { ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }), ...headers },
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    });
    const text = await response.text();
    return { status: response.status, body: parse(text), headers: response.headers };
  }
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
