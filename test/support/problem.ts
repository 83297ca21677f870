import type { Answer } from './api';

/** Traces of what goes on inside: stacks, files, SQL, PostgreSQL's own messages. */
const INSIDE =
  /\n\s+at |node_modules|\.[jt]s:\d|QueryFailed|TypeError|\b(SELECT|INSERT|UPDATE|DELETE)\b.*\b(FROM|INTO|SET)\b|violates|relation "|syntax error at|invalid input syntax|\bshop_[0-9a-f]{32}\b/i;

/**
 * Checks that an answer is a complete problem document that shows nothing of the inside.
 * @returns what the answer says, as `409 EMAIL_TAKEN`
 */
export function problemIn({ status, body, headers }: Answer): string {
  const said = `${status} ${body?.code}`;
  expect([said, headers.get('content-type')]).toEqual([said, 'application/problem+json; charset=utf-8']);
  expect(body).toMatchObject({
    type: `urn:stoa:error:${body.code}`,
    title: expect.stringMatching(/\S/),
    status,
    code: expect.stringMatching(/^[A-Z]+(_[A-Z]+)*$/),
    instance: headers.get('x-request-id'),
  });
  expect(JSON.stringify(body)).not.toMatch(INSIDE);
  return said;
}

/** Fields that a VALIDATION_FAILED blames. */
export function blamedIn({ body }: Answer): string[] {
  return ((body?.errors ?? []) as { field: string }[]).map(({ field }) => field);
}
