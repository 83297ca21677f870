import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Requests with `Expect: 100-continue` whose client has not been told to continue. */
const awaiting = new WeakMap<IncomingMessage, ServerResponse>();

/** Lets a client that asks first send its body only when somebody reads it; Node itself tells all to continue, refused ones too. */
export function letAskFirst(server: Server): void {
  for (const event of ['checkContinue', 'checkExpectation'])
    server.on(event, (request: IncomingMessage, response: ServerResponse) => {
      if (event === 'checkContinue') awaiting.set(request, response);
      server.emit('request', request, response);
    });
}

/** Call before a body is read. */
export function callForBody(request: IncomingMessage): void {
  awaiting.get(request)?.writeContinue();
  awaiting.delete(request);
}

/** True if the client still waits to be told. */
export function isAwaited(request: IncomingMessage): boolean {
  return awaiting.has(request);
}
