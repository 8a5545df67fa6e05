"""Messages of providers: taken in at once, acted on later, and only ever by reading the payment (section 9)."""
