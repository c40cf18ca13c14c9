complete --keep-order --exclusive --command cloudsfor --arguments "(COMPLETE=fish cloudsfor -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
