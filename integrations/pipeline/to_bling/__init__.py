"""What people want in Bling, sent there: settlements, suppliers, and then their payables. It only sends what was
accepted."""
