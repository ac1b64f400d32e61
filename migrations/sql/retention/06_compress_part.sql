-- Keeps a part of the log in columns, where the edition of TimescaleDB does that; its rows stay as they are. No GIN index
-- there is: a search reads the keys of every statement in its window. What holds the columns refuses change as the log does.
CREATE FUNCTION compress_part(part regclass) RETURNS void LANGUAGE plpgsql SET lock_timeout = '5s' AS $$
DECLARE
    columns regclass;
BEGIN
    IF current_setting('timescaledb.license', true) IS DISTINCT FROM 'timescale'
        OR (SELECT relkind FROM pg_class WHERE oid = 'statement'::regclass) = 'p' THEN
        RAISE EXCEPTION 'this database compresses nothing: that takes the community edition of TimescaleDB'
            USING ERRCODE = 'LR501';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('statement_parts'));
    IF NOT EXISTS (SELECT FROM timescaledb_information.hypertables h WHERE h.compression_enabled
        AND format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass = 'statement'::regclass) THEN
        ALTER TABLE statement SET (
            timescaledb.compress, timescaledb.compress_segmentby = '',
            timescaledb.compress_orderby = 'stored DESC, position DESC');
    END IF;
    PERFORM compress_chunk(part);
    SELECT format('%I.%I', k.schema_name, k.table_name)::regclass INTO columns
    FROM _timescaledb_catalog.chunk h JOIN _timescaledb_catalog.chunk k ON k.id = h.compressed_chunk_id
    WHERE format('%I.%I', h.schema_name, h.table_name)::regclass = part;
    EXECUTE format('CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON %s '
        'FOR EACH ROW EXECUTE FUNCTION refuse_change()', columns);
    EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', columns);
END $$;
REVOKE EXECUTE ON FUNCTION compress_part FROM PUBLIC;
