import { writeSync } from 'node:fs';

/** Loaded before a command: prints the peak memory of the process in KiB when it ends. */
process.on('exit', () => writeSync(2, `\npeak memory ${process.resourceUsage().maxRSS} KiB\n`));
