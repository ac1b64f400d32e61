-- The parts of the log: range partitions of plain PostgreSQL; one that has no bounds is none of them.
-- begins, ends: every statement of the part was stored from the one instant on and before the other.
-- bytes: with indexes. compressed: never, here. about: how many statements, without counting.
CREATE FUNCTION statement_parts() RETURNS TABLE (
    part regclass, begins timestamptz, ends timestamptz, bytes bigint, compressed boolean, about bigint
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT p.oid::regclass, p.bounds[1]::timestamptz, p.bounds[2]::timestamptz,
        pg_total_relation_size(p.oid), false, greatest(pg_stat_get_live_tuples(p.oid), p.reltuples::bigint, 0)
    FROM (
        SELECT c.oid, c.reltuples,
            regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(.*)''\) TO \(''(.*)''\)') AS bounds
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'statement'::regclass
    ) p
    WHERE p.bounds IS NOT NULL ORDER BY p.bounds[1]::timestamptz;
END $$;
