/** Name and version of this program, as backups say it. */
export const PROGRAM = 'stoa 0.1.0';
