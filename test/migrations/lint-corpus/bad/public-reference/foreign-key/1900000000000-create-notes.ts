import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateNotes1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE notes (
        id uuid NOT NULL CONSTRAINT notes_pkey PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT notes_user_id_fkey REFERENCES public.users (id),
        body text NOT NULL
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE notes`);
  }
}
