import { Email, Id, ListOf, Name, Nested, Text, Time, Whole } from '../../http/fields';
import { CreateShopDto, ShopDto } from '../shops/shops.dto';
import type { User } from '../users/user.entity';
import type { TokenPair } from './tokens.service';

/** Example in the form of a real token; it is valid nowhere. */
const TOKEN = { max: 200, example: 'sRw3Hq0nVb8cUe5xTzK1mJ7yPf2aLd9gWi4oQhNuEsI' };
const PASSWORD = { min: 8, max: 200, raw: true, example: 'correct horse battery staple' };

export class RegisterDto {
  @Email()
  email: string;

  @Text(PASSWORD)
  password: string;

  @Name({
    optional: true,
    example: 'Ada Lovelace',
    description: 'Default: the part of the address before the @.',
  })
  name?: string;

  @Nested(CreateShopDto, { optional: true, description: 'First shop, created in the same step.' })
  shop?: CreateShopDto;
}

export class LoginDto {
  @Email()
  email: string;

  @Text({ ...PASSWORD, min: 1 })
  password: string;

  @Id({ optional: true, description: 'Shop of the tokens; default: the one that the user joined first.' })
  shopId?: string;

  @Text({
    max: 200,
    optional: true,
    description: 'From an earlier sign-in of this account on this device; ignored if it is not valid.',
  })
  deviceToken?: string;
}

export class RefreshDto {
  @Text(TOKEN)
  refreshToken: string;
}

export class SwitchDto {
  @Id()
  shopId: string;

  @Text({
    ...TOKEN,
    description: 'Consumed, as by /auth/refresh: an access token alone does not open another session.',
  })
  refreshToken: string;
}

export class PasswordDto {
  @Text({ ...PASSWORD, min: 1 })
  currentPassword: string;

  @Text(PASSWORD)
  newPassword: string;
}

export class ResetPasswordDto {
  @Text({ ...TOKEN, description: 'From the operator, valid once.' })
  token: string;

  @Text(PASSWORD)
  newPassword: string;
}

export class UserDto {
  @Id()
  id: string;

  @Email()
  email: string;

  @Text({ max: 120, example: 'Ada Lovelace' })
  name: string;

  @Time()
  createdAt: string;
}

export class TokensDto {
  @Text({
    max: 2000,
    description: 'JWT for `Authorization: Bearer …`; has `shop_id` if a shop was chosen.',
  })
  accessToken: string;

  @Text({
    max: 200,
    description: 'Valid for one call of /auth/refresh, which may be repeated for 10 seconds.',
  })
  refreshToken: string;

  @Whole({ min: 1, max: 86_400, example: 600, description: 'Seconds until the access token expires.' })
  expiresIn: number;

  @Text({ max: 10, example: 'Bearer' })
  tokenType: 'Bearer';
}

export class SessionDto extends TokensDto {
  @Nested(UserDto)
  user: UserDto;

  @Nested(ShopDto, {
    nullable: true,
    description:
      'Shop of the tokens. Null for a login without `shopId`, unless the user has just one shop: call auth/switch.',
  })
  shop: ShopDto | null;

  @ListOf(ShopDto, { max: 1000, description: 'All my shops.' })
  shops: ShopDto[];
}

const DEVICE_TOKEN = {
  max: 200,
  description:
    'Keep it on the device and send it with the next login: attempts of strangers then cannot lock this device out.',
};

export class SignInDto extends SessionDto {
  @Text(DEVICE_TOKEN)
  deviceToken: string;
}

export class DeviceDto {
  @Text(DEVICE_TOKEN)
  deviceToken: string;
}

export class MeDto {
  @Nested(UserDto)
  user: UserDto;

  @Nested(ShopDto, { nullable: true })
  shop: ShopDto | null;

  @ListOf(ShopDto, { max: 1000 })
  shops: ShopDto[];
}

export function toUserDto({ id, email, name, createdAt }: User): UserDto {
  return { id, email, name, createdAt: createdAt.toISOString() };
}

export function toSessionDto(
  user: User,
  tokens: TokenPair,
  shops: ShopDto[],
  shop: ShopDto | null,
): SessionDto {
  return { ...tokens, user: toUserDto(user), shop, shops };
}
