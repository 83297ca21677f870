import type { Answer } from './api';
import { codesOf, type Operation, type Schema } from './openapi-document';
import { faultsOf } from './schema-check';

const PROBLEM = 'application/problem+json';

/** @returns what an answer does that openapi.json does not say of it; empty if nothing */
export function undocumentedIn(
  operation: Operation,
  answer: Answer,
  schemas: Record<string, Schema>,
): string[] {
  const { status, body, headers } = answer;
  const type = headers.get('content-type')?.split(';')[0];
  const response = operation.responses[status];
  if (status >= 500) return [`${status} ${body?.code}`];
  if (response === undefined) return [`${status} ${body?.code ?? ''} is not documented`];
  if (status >= 400 && !codesOf(operation, status).includes(body?.code))
    return [`${status} ${body?.code} is not documented`];
  if (status >= 400 && type !== PROBLEM) return [`an error in ${type}`];
  if (response.content === undefined) return body === undefined ? [] : ['a body'];
  const media =
    type === undefined ? undefined : (response.content[type] ?? response.content[type.replace(/\/.*/, '/*')]);
  if (media?.schema === undefined) return [`an answer in ${type}`];
  return faultsOf(body, media.schema, schemas);
}
