import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An undo reads the changes of an import a batch of products at a time. */
export class IndexImportChanges1796600000000 implements MigrationInterface {
  readonly transaction = false as const;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE INDEX CONCURRENTLY import_changes_import_id_product_id_idx ON import_changes (import_id, product_id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX CONCURRENTLY import_changes_import_id_product_id_idx`);
  }
}
