-- How parts are chosen for a merge. The engine counts each part as 5 MiB larger than it is, so that a large part of a few MiB is merged
-- with every handful of small ones, and then leaves those out again that are less than 1 % of the whole: what remains is the large part
-- and one small one. A day's part was rewritten with nearly every insert. Without the second rule a merge takes all small parts there are.
ALTER TABLE spans {on_cluster} MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE logs {on_cluster} MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE metric_points {on_cluster} MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE metric_histograms {on_cluster} MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE metric_exponential_histograms {on_cluster} MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE metric_summaries {on_cluster} MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
-- The rollups and what describes series get a few rows with each insert. With a base of 10 (5 by default) small parts are merged among
-- themselves, ten at a time, before a large one is touched. docs/performance.md, "An idle platform", has what it brought.
ALTER TABLE trace_times {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE red_10s {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE red_1m {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE red_1h {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE edges_1m {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE edges_5m {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE edges_1h {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE gauge_10s {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE gauge_1m {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE gauge_1h {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE pathways_10s {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE pathways_1m {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE pathways_1h {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE pathway_records_10s {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE pathway_records_1m {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE pathway_records_1h {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE offset_samples_10s {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE offset_samples_5m {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE services {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE resource_scopes {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
ALTER TABLE metric_series {on_cluster} MODIFY SETTING merge_selector_base = 10, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0;
