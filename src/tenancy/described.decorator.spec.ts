import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { Described, describeTables } from './described.decorator';

@Described('Suppliers')
@Entity('suppliers')
class Supplier {
  @Described('Id of the supplier')
  @PrimaryColumn('uuid')
  id: string;

  @Described('Name', 'name')
  @Column('text', { name: 'full_name' })
  name: string;

  @Described('Tags', 'kept')
  @Column('text', { array: true })
  tags: string[];

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}

@Entity('vectors')
class Vector {
  @PrimaryColumn('uuid')
  id: string;
}

@Described('Depots')
@Entity('depots')
class Depot {
  @PrimaryColumn('uuid')
  id: string;
}

@Described('Notes')
@Entity('notes')
class Note {
  @Described('Words')
  @PrimaryColumn('text')
  words: string;
}

describe('describeTables', () => {
  it('reads what the entities say of their tables and columns', () => {
    const columns = {
      id: { about: 'Id of the supplier', type: 'uuid', fate: 'kept' },
      full_name: { about: 'Name', type: 'text', fate: 'name' },
      tags: { about: 'Tags', type: 'text[]', fate: 'kept' },
      created_at: { about: 'Time at which the row was stored', type: 'timestamptz', fate: 'kept' },
    };
    const found = describeTables([Supplier, Vector]);
    expect([...found.keys()]).toEqual(['suppliers']);
    const { about, columns: own } = found.get('suppliers')!;
    expect([about, Object.fromEntries(own)]).toEqual(['Suppliers', columns]);
  });

  it('refuses a field without a description, and words without a fate', () => {
    expect(() => describeTables([Depot])).toThrow('Depot.id lacks @Described');
    expect(() => describeTables([Note])).toThrow('Note.words lacks its fate');
  });
});
