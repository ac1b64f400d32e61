-- The parts of the log: chunks of TimescaleDB. A function, for the extension could not renew a view that a view reads.
-- begins, ends: every statement of the part was stored from the one instant on and before the other.
-- bytes: with indexes. compressed: in columns (TimescaleDB's community edition). about: how many statements, without counting.
CREATE FUNCTION statement_parts() RETURNS TABLE (
    part regclass, begins timestamptz, ends timestamptz, bytes bigint, compressed boolean, about bigint
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT c.oid::regclass, i.range_start, i.range_end,
        pg_total_relation_size(c.oid) + coalesce(pg_total_relation_size(n.oid), 0), n.oid IS NOT NULL,
        greatest(pg_stat_get_live_tuples(c.oid), c.reltuples::bigint, 0)
            + CASE WHEN n.oid IS NULL THEN 0 ELSE coalesce(z.numrows_pre_compression, 0) END
    FROM timescaledb_information.chunks i
    JOIN pg_class c ON c.oid = to_regclass(format('%I.%I', i.chunk_schema, i.chunk_name))
    JOIN _timescaledb_catalog.chunk h ON h.schema_name = i.chunk_schema AND h.table_name = i.chunk_name
    LEFT JOIN _timescaledb_catalog.chunk k ON k.id = h.compressed_chunk_id
    LEFT JOIN pg_class n ON n.oid = to_regclass(quote_ident(k.schema_name) || '.' || quote_ident(k.table_name))
    LEFT JOIN _timescaledb_catalog.compression_chunk_size z ON z.chunk_id = h.id
    WHERE format('%I.%I', i.hypertable_schema, i.hypertable_name)::regclass = 'statement'::regclass
    ORDER BY i.range_start;
END $$;
