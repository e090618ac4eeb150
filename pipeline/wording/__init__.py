"""What may be told, asked, said and checked of a draft's words: the parts behind `drafts`. Pure."""
