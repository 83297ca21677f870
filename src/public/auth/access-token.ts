export const ACCESS_TOKEN = {
  algorithm: 'ES256',
  issuer: 'stoa',
  /** Value of `typ`: no other token of ours is taken for an access token. */
  type: 'access',
  /** Seconds. */
  lifetime: 600,
} as const;

export interface AccessClaims {
  sub: string;
  /** The session. */
  sid: string;
  /** Absent in a global token. */
  shop_id?: string;
  typ: typeof ACCESS_TOKEN.type;
  /** Seconds since 1970; in every token that was signed. */
  exp?: number;
}
