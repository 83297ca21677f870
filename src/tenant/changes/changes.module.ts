import { Module } from '@nestjs/common';
import { Change } from './change.entity';
import { ChangesService } from './changes.service';

/** The record of changes that every resource writes. Its route is that of the audit log (src/app/audit). */
@Module({ providers: [ChangesService], exports: [ChangesService] })
export class ChangesModule {
  static readonly entities = [Change];
}
