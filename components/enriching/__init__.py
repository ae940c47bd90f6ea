"""What products lack, filled from their texts by what the shop's other products say of themselves."""
