import { writeSync } from 'node:fs';

/** Loaded before a command: prints the most memory that the process held, in KiB, when it ends. */
process.on('exit', () => writeSync(2, `\nmost memory ${process.resourceUsage().maxRSS} KiB\n`));
