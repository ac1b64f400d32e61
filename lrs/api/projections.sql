-- name: standing
-- Position of the read models, and of the log's last event; the version of the code that wrote the read models.
SELECT coalesce(c.position, 0),
    greatest(coalesce((SELECT max(position) FROM statement), 0), coalesce((SELECT max(position) FROM control_event), 0)),
    c.version
FROM (VALUES (true)) AS always (here) LEFT JOIN projection_checkpoint c ON c.projection = 'live' AND c.shard = 0;

-- name: count_rows
-- Rows of each read model.
SELECT 'person', count(*) FROM person WHERE tenant = :tenant
UNION ALL SELECT 'outline_node', count(*) FROM outline_node WHERE tenant = :tenant
UNION ALL SELECT 'enrollment', count(*) FROM enrollment WHERE tenant = :tenant
UNION ALL SELECT 'node_progress', count(*) FROM node_progress WHERE tenant = :tenant
UNION ALL SELECT 'attempt', count(*) FROM attempt WHERE tenant = :tenant
UNION ALL SELECT 'gradebook', count(*) FROM gradebook WHERE tenant = :tenant
UNION ALL SELECT 'media_coverage', count(*) FROM media_coverage WHERE tenant = :tenant
UNION ALL SELECT 'activity_daily', count(*) FROM activity_daily WHERE tenant = :tenant
UNION ALL SELECT 'risk_state', count(*) FROM risk_state WHERE tenant = :tenant
UNION ALL SELECT 'fact', count(*) FROM fact WHERE tenant = :tenant AND voided_position IS NULL;
