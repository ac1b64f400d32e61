-- name: make_partitions
-- On plain PostgreSQL, the partitions of this month and the next three.
SELECT make_statement_partitions(3);

-- name: tenants_due
-- Tenants without a clock event in the last so many seconds, and what time it is.
SELECT tenant, clock_timestamp() FROM tenant t
WHERE NOT EXISTS (
    SELECT FROM control_event e
    WHERE e.tenant = t.tenant AND e.kind = :kind AND e.recorded > now() - make_interval(secs => :seconds::float8)
);
