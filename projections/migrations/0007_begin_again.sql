-- Views were added to the group after it had passed events that they show: it begins again, from the first event of the log.
truncate lead_list, contact_list, contact_accounts, contact_relations, contact_consents, activity_list, activity_related,
  activity_counts, saved_view_list, deal_board, deal_contacts, deal_stage_history, account_list, account_tree, pipeline_list,
  pipeline_stages, product_list, team_list, user_list, entity_states, entity_links, entity_timeline, search_entries, search_words,
  feed_lines;
delete from documents where view_group = 'postgres';
delete from dead_letters where view_group = 'postgres';
update watermarks set position = 0 where view_group = 'postgres';
