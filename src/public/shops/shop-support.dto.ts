import { Email, Name } from '../../http/fields';
import { CreateShopDto, Slug } from './shops.dto';

export class CreateShopForDto extends CreateShopDto {
  @Email({ description: 'Address of a registered user.' })
  owner: string;
}

export class RenameShopDto {
  @Name({ optional: true, example: 'Corner Shop' })
  name?: string;

  @Slug()
  slug?: string;
}
