"""The payment methods of provider accounts: reading the provider's list, the merchant's switches, their order."""
