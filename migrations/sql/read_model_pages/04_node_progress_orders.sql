-- Progress by node, or by the states that come late; completions in the order in which they came.
CREATE INDEX node_progress_of_node ON node_progress (tenant, course, node, person);
CREATE INDEX node_progress_of_state ON node_progress (tenant, course, state, person, node)
    WHERE state <> 'in_progress';
CREATE INDEX node_progress_completed ON node_progress (tenant, course, completed_at, person, node)
    WHERE completed_at IS NOT NULL;
CREATE INDEX node_progress_completed_of_node ON node_progress (tenant, course, node, completed_at, person)
    WHERE completed_at IS NOT NULL;
