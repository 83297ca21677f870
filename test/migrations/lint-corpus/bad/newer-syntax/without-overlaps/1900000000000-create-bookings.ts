import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateBookings1900000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE bookings (room uuid NOT NULL, during tstzrange NOT NULL, CONSTRAINT bookings_key UNIQUE (room, during WITHOUT OVERLAPS))`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE bookings`);
  }
}
