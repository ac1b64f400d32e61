-- The courses of a tenant: of each its own node.
CREATE INDEX outline_node_course ON outline_node (tenant, course) WHERE node = course;
