import path from 'node:path';

const root = path.join(__dirname, '..', '..', 'migrations'); // beside src, and beside dist/src

export const PUBLIC_MIGRATIONS = path.join(root, 'public');
export const TENANT_MIGRATIONS = path.join(root, 'tenant');
