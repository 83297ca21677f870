import { quoteIdent } from '../../src/database/identifiers';
import type { TestDatabase } from '../support/database';

/**
 * STAND-IN until the program hardens its database itself: then this file goes, and the suite asks the program for
 * a hardened database and for one that is not.
 */
const FUNCTIONS = `
  proname IN ('set_config', 'query_to_xml', 'query_to_xmlschema', 'query_to_xml_and_xmlschema', 'table_to_xml',
    'table_to_xmlschema', 'table_to_xml_and_xmlschema', 'schema_to_xml', 'schema_to_xmlschema',
    'schema_to_xml_and_xmlschema', 'database_to_xml', 'database_to_xmlschema', 'database_to_xml_and_xmlschema',
    'cursor_to_xml', 'cursor_to_xmlschema', 'ts_stat', 'pg_notify', 'pg_sleep', 'pg_sleep_for', 'pg_sleep_until',
    'pg_terminate_backend', 'pg_cancel_backend', 'pg_listening_channels', 'pg_relation_size',
    'pg_total_relation_size', 'pg_table_size', 'pg_indexes_size', 'pg_database_size', 'pg_tablespace_size',
    'loread', 'lowrite')
  OR (proname = 'ts_rewrite' AND pronargs = 2)
  OR proname LIKE 'pg\\_%advisory%' OR proname LIKE 'lo\\_%' OR proname LIKE 'pg\\_stat\\_get\\_%'`;

/** Beyond the first draft of the rights: what the corpus found still open. */
const FOUND_OPEN = `
  proname IN ('pg_get_userbyid', 'pg_describe_object', 'pg_identify_object', 'pg_identify_object_as_address',
    'pg_get_object_address', 'pg_has_role', 'pg_show_all_settings', 'pg_lock_status', 'pg_prepared_statement',
    'pg_prepared_xact', 'pg_cursor', 'pg_available_extensions', 'pg_available_extension_versions',
    'pg_get_replication_slots', 'pg_blocking_pids', 'pg_safe_snapshot_blocking_pids', 'pg_relation_filepath',
    'pg_relation_filenode', 'pg_filenode_relation', 'pg_tablespace_databases', 'obj_description',
    'col_description', 'shobj_description', 'pg_export_snapshot', 'pg_logical_emit_message')
  OR proname LIKE 'has\\_%\\_privilege' OR proname LIKE 'pg\\_control\\_%' OR proname LIKE 'pg\\_get\\_%def'
  OR proname LIKE 'to\\_reg%'`;

/** Takes from PUBLIC what no statement of ours needs, and leaves it to the logins that are not a shop's. */
export async function harden(database: TestDatabase): Promise<void> {
  const { name } = database;
  const logins = [`${name}_owner`, `${name}_admin`, `${name}_public`].map(quoteIdent).join(', ');
  await database.query(`
    REVOKE TEMPORARY ON DATABASE ${quoteIdent(name)} FROM PUBLIC;
    REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
    REVOKE UPDATE ON pg_catalog.pg_settings FROM PUBLIC;
    DO $$ DECLARE f regprocedure; BEGIN
      FOR f IN SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND (${FUNCTIONS} OR ${FOUND_OPEN})
      LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO ${logins}', f);
      END LOOP;
    END $$;
    GRANT SELECT ON ALL TABLES IN SCHEMA pg_catalog TO ${logins};
    REVOKE SELECT ON ALL TABLES IN SCHEMA pg_catalog FROM PUBLIC;
    REVOKE SELECT ON ALL TABLES IN SCHEMA information_schema FROM PUBLIC;
    REVOKE SELECT ON pg_catalog.pg_authid, pg_catalog.pg_shadow FROM ${logins};`);
}
