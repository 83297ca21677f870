export const ACCESS_TOKEN = {
  algorithm: 'ES256',
  issuer: 'stoa',
  /** Value of `typ`, by which an access token differs from any other token of ours. */
  type: 'access',
  /** Seconds. */
  lifetime: 600,
} as const;

export interface AccessClaims {
  sub: string;
  /** Session id. */
  sid: string;
  /** Absent in a global token. */
  shop_id?: string;
  typ: typeof ACCESS_TOKEN.type;
  /** Seconds since 1970; added on signing. */
  exp?: number;
}
