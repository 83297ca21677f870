import { PLACEHOLDER_ID } from '../../common/ids';
import { ListOf, Text } from '../../http/fields';
import { ACCESS_TOKEN } from './access-token';
import type { SigningKey } from './signing-key.entity';

/** A public key, RFC 7517 and RFC 7518, 6.2. */
export class JwkDto {
  @Text({
    max: 36,
    example: PLACEHOLDER_ID,
    description: 'Key id, as in a token’s header.',
  })
  kid: string;

  @Text({ max: 10, example: 'EC' })
  kty: string;

  @Text({ max: 10, example: 'P-256' })
  crv: string;

  @Text({ max: 43, example: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU' })
  x: string;

  @Text({ max: 43, example: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' })
  y: string;

  @Text({ max: 10, example: 'ES256' })
  alg: string;

  @Text({ max: 10, example: 'sig' })
  use: string;
}

export class JwksDto {
  @ListOf(JwkDto, { max: 3, description: 'The next, the current and the previous key.' })
  keys: JwkDto[];
}

export function toJwksDto(keys: SigningKey[]): JwksDto {
  return {
    keys: keys.map(({ kid, publicJwk: { kty, crv, x, y } }) => ({
      ...{ kid, kty, crv, x, y },
      ...{ alg: ACCESS_TOKEN.algorithm, use: 'sig' },
    })),
  };
}
