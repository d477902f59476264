"""What people want in Bling, sent there: suppliers first, then their payables. It only sends what was accepted."""
