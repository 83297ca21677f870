import type { CheckName } from '../../drift/checks';

/** Faults that doctor does not look for: files, and rows of the registry alone. */
type OwnCheck =
  | 'tenant-without-shop'
  | 'backup-without-file'
  | 'file-without-backup'
  | 'backup-of-removed-shop'
  | 'partial-file'
  | 'files-without-shop'
  | 'target-unreadable';

/** Something that has lost what it belongs to. */
export interface Orphan {
  /** Name of doctor's check where doctor has one. */
  check: CheckName | OwnCheck;
  /** Slug or id; null if it concerns no shop. */
  shop: string | null;
  object: string;
  /** One sentence. */
  detail: string;
  /** The way to fix it, for a person; with `fix`, what `--fix` does. */
  advice: string;
  /** Repairs it, where nothing of a shop that exists can be lost. Null: a person decides. @returns what was done */
  fix: (() => Promise<string>) | null;
}
