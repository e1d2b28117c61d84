"""Files of strangers as tables: decoding with every trap closed, cells, what each column means."""
