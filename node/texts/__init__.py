"""Every text for people, by key, in Chinese and in English: one kind of table, one renderer."""
