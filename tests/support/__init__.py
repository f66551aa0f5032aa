"""What test files share; each module's first sentence says what it is for.

- towns and nodes: `town`, `running` (in this process), `processes` (as processes), `signing`, `hand_clock`,
  `shifted_node`, `crashed`, `older_states`, `later_revision`
- two sides without a network: `two_sides`, `asked`, `decided`, `doubting`, `two_nodes`, `small_log`,
  `remembered`
- policies, bundles, approvals: `policy_samples`, `explained`, `policy_changes`, `bundles`, `approvals`
- data sources: `register`, `kinds`, `live`, `postgres`, `mariadb`
- callers and peers that keep to no rule: `forger`, `forged_world`, `gateway`, `http2`
- the command line and desks: `cli_run`, `homes`, `fake_desk`, `fake_catalogue`
- what is checked apart from the product: `canonical`, `log_audit`, `plain_log`, `kept`
- for every test: `places`, `waiting`, `work`, `examples`, `fixtures`; `make_corpus` is a script
"""
