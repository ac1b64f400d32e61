-- What the log holds already; whoever serves next settles it.
INSERT INTO statement_reference (tenant, referrer, target, stored, position, authority)
SELECT tenant, id, (payload #>> '{object,id}')::uuid, stored, position, authority FROM statement
WHERE payload #>> '{object,objectType}' = 'StatementRef';
INSERT INTO reference_unsettled (tenant, id, stored) SELECT tenant, referrer, stored FROM statement_reference;
