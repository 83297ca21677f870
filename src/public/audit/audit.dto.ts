import { ApiProperty } from '@nestjs/swagger';
import { Id, OneOf, Text, Time } from '../../http/fields';
import { PageQuery } from '../../http/page';
import { type AuditEntry } from './audit-entry.entity';
import { AUDIT_ACTIONS, type AuditAction } from '../../tenancy/audit-log';

export class ListAuditQuery extends PageQuery {
  @OneOf(AUDIT_ACTIONS, { optional: true })
  action?: AuditAction;

  @Id({ optional: true, description: 'Only actions of this user.' })
  actorId?: string;
}

export class AuditEntryDto {
  @Id()
  id: string;

  @Time()
  at: string;

  @OneOf(AUDIT_ACTIONS)
  action: AuditAction;

  @Id({
    nullable: true,
    description:
      'User who acted, or operator if `details.by` is `operator`; null for a command of the operator.',
  })
  actorId: string | null;

  @Text({ max: 64, nullable: true, description: '`x-request-id` of the request that acted.' })
  requestId: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: { oneOf: [{ type: 'string' }, { type: 'number' }] },
    example: { role: 'staff' },
  })
  details: Record<string, string | number>;
}

export function toAuditEntryDto(entry: AuditEntry): AuditEntryDto {
  const { id, at, action, actorId, requestId, details } = entry;
  return { id, at: at.toISOString(), action, actorId, requestId, details };
}
