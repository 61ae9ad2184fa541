"""Domain objects as the API shows them, to one reader in one language. No queries."""
