import { Get, Param, Post, Query } from '@nestjs/common';
import { InvalidCursor } from '../../../common/common.errors';
import { type Page, PageQuery } from '../../../http/page';
import { Route } from '../../../http/route';
import { IdPipe } from '../../../http/validation';
import { TenantController } from '../../../tenancy/tenant-controller.decorator';
import { ImportDto } from '../import.dto';
import { ImportNotFound, ImportTooOld, ImportTouched, ImportUndone } from '../transfer.errors';
import { ImportsService } from './imports.service';

@TenantController('imports')
export class ImportsController {
  constructor(private readonly imports: ImportsService) {}

  @Get()
  @Route({
    summary: 'Lists imports of products, newest first',
    ok: ImportDto,
    list: true,
    errors: [InvalidCursor],
  })
  list(@Query() page: PageQuery): Promise<Page<ImportDto>> {
    return this.imports.list(page);
  }

  @Get(':id')
  @Route({ summary: 'Shows an import', ok: ImportDto, errors: [ImportNotFound] })
  get(@Param('id', IdPipe) id: string): Promise<ImportDto> {
    return this.imports.get(id);
  }

  @Post(':id/undo')
  @Route({
    summary: 'Undoes an import, if nothing that it stored was changed since',
    ok: ImportDto,
    errors: [ImportNotFound, ImportUndone, ImportTooOld, ImportTouched],
  })
  undo(@Param('id', IdPipe) id: string): Promise<ImportDto> {
    return this.imports.undo(id);
  }
}
