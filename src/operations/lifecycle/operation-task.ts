/** Task of a job that runs a queued operation; its payload is `{ id }`. */
export const OPERATION_TASK = 'operation';
