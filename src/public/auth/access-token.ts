import type { Secrets } from '../../database/secrets';

export const ACCESS_TOKEN = {
  algorithm: 'HS256',
  issuer: 'stoa',
  /** Value of `typ`: no other token of ours is taken for an access token. */
  type: 'access',
  /** Seconds. */
  lifetime: 600,
} as const;

export interface AccessClaims {
  sub: string;
  /** Absent in a global token. */
  shop_id?: string;
  typ: typeof ACCESS_TOKEN.type;
}

export function signingSecret(secrets: Secrets): string {
  return secrets.derive('access token HS256');
}
