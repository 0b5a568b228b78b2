"""What runners say of themselves and their workers."""
