import { readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.join(__dirname, '..');
const ENGINE = ['operations', 'tenancy', 'database', 'common'];

/** Apart from test/architecture.spec.ts, which compares imports within a second. */
describe('operations, tenancy, database and common', () => {
  it('compile where the other folders are not', () => {
    const files = ENGINE.flatMap((folder) =>
      (readdirSync(path.join(ROOT, 'src', folder), { recursive: true }) as string[])
        .filter((file) => /(?<!\.spec)\.ts$/.test(file))
        .map((file) => path.join(ROOT, 'src', folder, file)),
    );
    expect(files.length).toBeGreaterThan(50);
    const config = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file))
      .config as object;
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
    const host = ts.createCompilerHost(options);
    const isProduct = (file: string) => /[\\/]src[\\/](operator|public|tenant|app|cli|http)[\\/]/.test(file);
    host.fileExists = (file) => !isProduct(file) && ts.sys.fileExists(file);
    const program = ts.createProgram(
      files,
      { ...options, noEmit: true, incremental: false, tsBuildInfoFile: undefined },
      host,
    );
    const found = ts.getPreEmitDiagnostics(program);
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toEqual([]);
    expect(program.getSourceFiles().filter(({ fileName }) => isProduct(fileName))).toEqual([]);
  });
});
