"""What an outcome depends on: indices of sensitivity over what a sweep varied, and how sure they are.

The analysis never runs the model. It is handed a `Design` and the values of one outcome, shape (points, runs), where
run r met the same shocks at every point. Estimators are those of SALib (Herman and Usher 2017, JOSS 2(9), 97;
Iwanaga, Usher and Herman 2022, SESMO 4, 18155); what is added here is refusing what cannot be analysed, intervals over
points and runs, and a ranking that does not go beyond them.
"""

from alignsim.study.sensitivity.convergence import convergence
from alignsim.study.sensitivity.design import Design, NotAnalysable
from alignsim.study.sensitivity.indices import METHOD_OF, analyse, morris, pawn, sobol
from alignsim.study.sensitivity.noise import Noise, noise
from alignsim.study.sensitivity.ranking import Rank, apart, ranking
from alignsim.study.sensitivity.response import Response, Surface, Swing, response, surface, swings
from alignsim.study.sensitivity.result import Measure, Sensitivity

__all__ = [
    "METHOD_OF",
    "Design",
    "Measure",
    "Noise",
    "NotAnalysable",
    "Rank",
    "Response",
    "Sensitivity",
    "Surface",
    "Swing",
    "analyse",
    "apart",
    "convergence",
    "morris",
    "noise",
    "pawn",
    "ranking",
    "response",
    "sobol",
    "surface",
    "swings",
]
