package endure

func (g *Graph) svg() string { return "" }
