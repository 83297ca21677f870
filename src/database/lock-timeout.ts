/** Statement that limits how long each later statement of a transaction waits for a lock. @param ms `DEFAULT`: as the session does */
export function lockTimeout(ms: number | 'DEFAULT'): string {
  return `SET LOCAL lock_timeout = ${ms}`;
}
